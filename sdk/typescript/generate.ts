/**
 * `npm run sdk`: writes the types and codes of src/ from openapi.json. `npm run sdk -- --check` fails when the committed files
 * are stale.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { readApi, type OpenApi } from './generate/openapi.ts';
import { writeCodes, writePayTypes, writeTypes } from './generate/write-types.ts';

const OPENAPI = new URL('../../openapi.json', import.meta.url);

const api = readApi(JSON.parse(await readFile(OPENAPI, 'utf8')) as OpenApi);
const generated = {
  'pay-types.ts': writePayTypes(api),
  'api-types.ts': writeTypes(api),
  'api-codes.ts': writeCodes(api),
};
for (const [name, text] of Object.entries(generated)) {
  const file = new URL(`src/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`sdk/typescript/src/${name} is stale: run "npm run sdk" and commit it.\n`);
    process.exitCode = 1;
  }
}
