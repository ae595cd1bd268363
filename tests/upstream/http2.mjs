// An OpenAI-compatible server that has HTTP/2 and no HTTP/1.1, and says back what it was asked: http2.mjs KEY CERTIFICATE
// Prints its port.
import fs from 'node:fs';
import http2 from 'node:http2';

const [key, cert] = process.argv.slice(2).map((path) => fs.readFileSync(path));
const server = http2.createSecureServer({ key, cert, allowHTTP1: false });

function answer(stream, request) {
  const content = request.messages.at(-1).content;
  const envelope = { id: 'h2', created: 1, model: request.model };
  if (!request.stream) {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    stream.end(JSON.stringify({ ...envelope, object: 'chat.completion', choices }));
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
  for (const letter of content) {
    const choices = [{ index: 0, delta: { content: letter }, finish_reason: null }];
    stream.write(`data: ${JSON.stringify({ ...envelope, object: 'chat.completion.chunk', choices })}\n\n`);
  }
  stream.end('data: [DONE]\n\n');
}

server.on('stream', (stream) => {
  let body = '';
  stream.on('data', (data) => (body += data));
  stream.on('end', () => answer(stream, JSON.parse(body)));
  stream.on('error', () => {}); // the client left
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
