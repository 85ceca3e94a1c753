// Uploads files one after another with `tus-js-client`, as an app does that queues what was picked.
//
// usage: client.js COLLECTION_URL FILE...
import { createReadStream, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, ...files] = process.argv.slice(2);
for (const file of files) {
  await new Promise((onSuccess, onError) => {
    const uploadSize = statSync(file).size;
    new Upload(createReadStream(file), { endpoint, uploadSize, onSuccess, onError }).start();
  });
}
