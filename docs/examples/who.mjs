// Who is in a photograph? People are enrolled from photographs that are named after them.
//
//     npm install @aws-sdk/client-rekognition
//     node who.mjs us.jpg people/anna.jpg people/bert.jpg
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  IndexFacesCommand,
  RekognitionClient,
  SearchFacesByImageCommand,
} from "@aws-sdk/client-rekognition";

const mien = new RekognitionClient(); // finds mien by AWS_ENDPOINT_URL_REKOGNITION, and its key as it finds any
const where = { CollectionId: "who-javascript" };
const [question, ...people] = process.argv.slice(2);

await mien.send(new CreateCollectionCommand(where));
try {
  for (const file of people) {
    const name = basename(file, extname(file));
    const image = { Bytes: await readFile(file) };
    const { UnindexedFaces } = await mien.send(
      new IndexFacesCommand({ ...where, Image: image, ExternalImageId: name, MaxFaces: 1 }),
    );
    for (const { Reasons } of UnindexedFaces) console.error(`${name}: a face was left out, ${Reasons.join(", ")}`);
  }
  const { FaceMatches } = await mien.send(
    new SearchFacesByImageCommand({ ...where, Image: { Bytes: await readFile(question) }, FaceMatchThreshold: 90 }),
  );
  for (const { Face, Similarity } of FaceMatches) console.log(Face.ExternalImageId, Similarity.toFixed(1));
  if (FaceMatches.length === 0) console.log("unknown");
} catch (error) {
  if (error.name !== "InvalidParameterException") throw error;
  console.log(error.message);
} finally {
  await mien.send(new DeleteCollectionCommand(where));
}
