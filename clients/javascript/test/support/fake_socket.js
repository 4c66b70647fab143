/** A WebSocket that does what a test says. */
export class FakeSocket {
  static all = [];

  static get last() {
    return FakeSocket.all.at(-1);
  }

  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.readyState = 3;
    this.closedWith ??= code;
  }

  // What the server does

  accept() {
    this.readyState = 1;
    this.onopen({});
  }

  push(...frames) {
    for (const frame of frames) this.onmessage({ data: JSON.stringify(frame) });
  }

  hello(more = {}) {
    this.accept();
    this.push({ type: "hello", data: { epoch: "e", heartbeat_seconds: 25, limits: {}, ...more } });
  }

  end(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
}
