// Byte streams in pieces, whole or breaking off. It must not know the library.

/** `bytes` in pieces of `size`; with `breakAt`, errors once so many bytes have been handed out. */
export function inPieces(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  breakAt = Infinity,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= breakAt) return controller.error(new Error('the stream broke'));
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}
