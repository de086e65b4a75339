// Connections to the hub and to users' servers.
import http from "node:http";

// Keeps them open for further requests, and gives up soon when nobody accepts one. The address of a container that was
// killed answers nothing at all, and Linux tries it for more than a minute.
export class UpstreamAgent extends http.Agent {
  // milliseconds: how long a connection may take, with the look-up of the name.
  constructor(milliseconds) {
    super({ keepAlive: true });
    this.milliseconds = milliseconds;
  }

  createConnection(options, callback) {
    const socket = super.createConnection(options, callback);
    const timer = setTimeout(() => {
      const error = new Error(`no connection to ${options.host}:${options.port} within ${this.milliseconds / 1000} s`);
      socket.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
    }, this.milliseconds);
    const stop = () => clearTimeout(timer);
    socket.once("connect", stop).once("close", stop);
    return socket;
  }
}
