// Reads something again and again, as long as its page is shown.

const LOOK = 1000; // milliseconds until a hidden page is looked at again

/** Calls `read` every `pause` milliseconds while `page` is on the screen; ends once it was left. */
export async function polled(page, pause, read) {
  for (;;) {
    await waited(pause);
    if (!page.isConnected) return;
    while (document.hidden) await waited(LOOK);
    if (page.isConnected) await read();
  }
}

function waited(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
