// The page Jobs: films in S3 that the server looks at, how far it is, and a link to what it found.

import { h, icon } from './dom.js';
import { listed, percent, t, when } from './language.js';
import { empty, head, pages } from './parts.js';
import { polled } from './polling.js';

const PAGE = 30;
const EVERY = 2000; // milliseconds between two readings while the page is shown

/** Makes the page. */
export function jobsPage(app) {
  const rows = new Map(); // JobId → row
  const list = h('ul', { class: 'stack jobs' });
  const read = async (token) => {
    const answer = await app.api.call('Mien.ListVideoJobs', { MaxResults: PAGE, NextToken: token });
    return { items: answer.Jobs, next: answer.NextToken };
  };
  const none = () => empty('film', t('jobs.none'), t('jobs.none_why'));

  /** Draws jobs into the rows that are there, so that what has the focus keeps it. */
  function show(jobs) {
    const ids = jobs.map((each) => each.JobId);
    for (const [id, row] of rows)
      if (!ids.includes(id)) {
        row.element.remove();
        rows.delete(id);
      }
    jobs.forEach((job, i) => {
      if (!rows.has(job.JobId)) rows.set(job.JobId, rowOf());
      const row = rows.get(job.JobId);
      row.draw(job);
      if (list.children[i] !== row.element) list.insertBefore(row.element, list.children[i] ?? null);
    });
    return list;
  }

  const shown = pages(read, show, none);
  const page = h('div', { class: 'stack page' }, head(t('jobs.title'), t('jobs.lead')), shown.element);
  polled(page, EVERY, shown.reload);
  return page;
}

/** Returns the name of a job's film. */
export function filmOf({ Video: { S3Object: object } }) {
  return `${object.Bucket}/${object.Name}`;
}

/** Makes the link to jobs, once it is known that the server has them. */
export function jobsLink(app) {
  const place = h('p', { hidden: true }, h('a', { href: '#/jobs', text: t('jobs.link') }));
  app.api.call('Mien.ListVideoJobs', { MaxResults: 1 }).then(
    () => {
      place.hidden = false;
    },
    () => {}, // a server without the extra, or a key that may not ask
  );
  return place;
}

function rowOf() {
  const element = h('li', { class: 'card stack tight' });
  let drawn = '';

  function draw(job) {
    if (drawn === (drawn = JSON.stringify(job))) return;
    const had = element.contains(document.activeElement);
    element.replaceChildren(...parts(job));
    if (had) element.querySelector('a')?.focus({ preventScroll: true });
  }

  return { element, draw };
}

function parts(job) {
  const { JobId: id, Operation: operation, Status: status, Progress: share = 0 } = job;
  const isDone = status === 'SUCCEEDED';
  const name = filmOf(job);
  const href = `#/jobs/${encodeURIComponent(id)}?${new URLSearchParams({ of: operation, in: job.CollectionId ?? '' })}`;
  const facts = [
    t(`jobs.${operation}`),
    job.CollectionId && t('jobs.among', { name: job.CollectionId }),
    when(1000 * job.CreationTimestamp),
    job.JobTag,
  ];
  const bar = h('progress', { max: 1, value: share, 'aria-label': t('jobs.progress', { name }) });
  return [
    h(
      'div',
      { class: 'row between' },
      isDone ? h('a', { class: 'name', href, text: name }) : h('strong', { class: 'name', text: name }),
      state(status, share),
    ),
    h('p', { class: 'quiet small', text: listed(facts.filter(Boolean)) }),
    status === 'IN_PROGRESS' && bar,
    job.StatusMessage && h('p', { class: 'small', text: job.StatusMessage }),
  ].filter(Boolean);
}

function state(status, share) {
  if (status === 'IN_PROGRESS') return h('span', { class: 'quiet small', text: percent(100 * share) });
  const isDone = status === 'SUCCEEDED';
  const text = t(isDone ? 'jobs.done' : 'jobs.failed');
  return h('span', { class: `state ${isDone ? 'good' : 'bad'}` }, icon(isDone ? 'check' : 'warn'), text);
}
