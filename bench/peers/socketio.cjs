// One event to all: what `socket.io` and `ws` do. A POST to /say is told to every connection; started by bench/ws.
//
//     node socketio.js socketio|ws PORT
const http = require("http");

const [kind, port] = process.argv.slice(2);
let tell;
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    tell(body);
    response.end("{}");
  });
});
if (kind === "socketio") {
  const { Server } = require("socket.io");
  const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
  tell = (text) => io.emit("event", text);
} else {
  const { WebSocketServer } = require("ws");
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  tell = (text) => sockets.clients.forEach((one) => one.send(text));
}
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
