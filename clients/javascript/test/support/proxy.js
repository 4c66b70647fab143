import net from "node:net";

/** A wire to the server that can be cut: in the middle of anything, or so that it only falls silent. */
export class Proxy {
  #pairs = new Set();
  isDown = false;
  isSilent = false;
  cuts = 0;

  static async start(port) {
    const proxy = new Proxy();
    proxy.server = net.createServer((near) => proxy.#join(near, port));
    await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  get connections() {
    return this.#pairs.size;
  }

  /** Breaks all connections. */
  cut() {
    this.cuts += 1;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  stop() {
    this.cut();
    this.server.close();
  }

  #join(near, port) {
    if (this.isDown) return near.destroy();
    const far = net.connect(port, "127.0.0.1");
    const pair = [near, far];
    this.#pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.setNoDelay();
      from.on("data", (data) => this.isSilent || to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    return undefined;
  }
}
