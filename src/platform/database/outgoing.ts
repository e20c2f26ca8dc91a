import type net from "node:net";

/**
 * What is sent to the server in one turn of the event loop goes out together: the driver sends every kilobyte in a packet of
 * its own, and each packet wakes the server's process. Over TLS it makes no difference.
 */
export function inOnePacket(socket: net.Socket, send: () => void): void {
  if (socket.writableCorked > 0) {
    send();
    return;
  }
  socket.cork();
  try {
    send();
  } finally {
    // Behind the driver, which waits for the end of the turn with what is short.
    setImmediate(() => socket.uncork());
  }
}
