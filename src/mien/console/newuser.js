// Makes a user of a name, which is kept whole beside an id that is too short for it.

import { keptBeside } from './names.js';

/** Creates a user unless it exists. `call`: (operation, request) for the collection; `id`: as the name is written. */
export async function createUser(call, id, name) {
  try {
    await call('CreateUser', { UserId: id });
  } catch (error) {
    if (error.code !== 'ConflictException') throw error;
    return; // the user exists already
  }
  const whole = keptBeside(name, id);
  if (whole) await call('Mien.UpdatePerson', { UserId: id, DisplayName: whole }).catch(() => {}); // ids tell names apart
}
