// Makes the calls that come on standard input with the JavaScript SDK, and writes what came of each.
// In: {"client": {…}, "calls": [[command, input], …]}; {"$file": path} in an input stands for a file's bytes.
import { readFileSync } from "node:fs";
import * as sdk from "@aws-sdk/client-rekognition";

const revive = (_, value) => (value && value.$file ? new Uint8Array(readFileSync(value.$file)) : value);
const { client: settings, calls } = JSON.parse(readFileSync(0, "utf8"), revive);
const client = new sdk.RekognitionClient({ region: "us-east-1", maxAttempts: 1, ...settings });
const outcomes = [];
for (const [command, input] of calls) {
  try {
    if (command.startsWith("paginate")) {
      const pages = [];
      for await (const page of sdk[command]({ client, pageSize: 2 }, input)) pages.push(page);
      outcomes.push({ pages });
    } else {
      const answer = await client.send(new sdk[`${command}Command`](input));
      outcomes.push({ answer, created: answer.CreationTimestamp instanceof Date });
    }
  } catch (error) {
    outcomes.push({
      name: error.name,
      message: error.message,
      kind: error.constructor.name,
      status: error.$metadata?.httpStatusCode,
      request: error.$metadata?.requestId,
      fault: error.$fault,
    });
  }
}
console.log(JSON.stringify(outcomes));
