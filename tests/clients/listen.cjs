// One listener for node: `listen.cjs CLIENT URL`. Its output is that of listen.py. Both libraries resume by
// themselves: `eventsource` with the header Last-Event-ID, `event-source-polyfill` with ?lastEventId=.
const [, , client, url] = process.argv;

const heard = (message) => {
  const { type, text } = JSON.parse(message.data);
  console.log(JSON.stringify({ type, text }));
};

const begin = async () => {
  const library = await import(client);
  const Source = library.EventSource ?? library.EventSourcePolyfill ?? library.default.EventSourcePolyfill;
  const source = new Source(url);
  for (const kind of ["hello", "message"]) source.addEventListener(kind, heard);
  source.onerror = (event) => console.error(event.message ?? "the stream ended");
};
begin();
