// Reads an AsyncAPI document by the official parser: one JSON line with what it found, for run.py to judge.
import { Parser, fromFile } from '@asyncapi/parser';

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
console.log(JSON.stringify({
  diagnostics: diagnostics.map(({ severity, code, path, message }) => ({ severity, code, path: path.join('/'), message })),
  version: document?.version(),
  channels: document?.channels().length,
  operations: document?.operations().length,
  messages: document?.messages().length,
}));
