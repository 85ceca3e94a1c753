// `@tus/server` over a folder, on a free port of the loopback. Prints the address and serves until
// it is killed. A phone's request that died gives its lock up at once, as in a real deployment.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const directory = process.argv[2];
const server = new Server({ path: "/files", datastore: new FileStore({ directory }) });
const listening = server.listen({ host: "127.0.0.1", port: 0 }, () => {
  console.log(`listening on ${listening.address().address}:${listening.address().port}`);
});
