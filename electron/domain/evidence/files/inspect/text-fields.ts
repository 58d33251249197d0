import type { EvidenceField } from '../../../../contract/evidence-files.ts';
import { decodeBase64 } from '../../../encoding/base64.ts';
import type { JsonNode } from '../../readers/json.ts';
import { parseJson } from '../../readers/json.ts';
import { jwtPattern } from '../recognize-json.ts';

const shownCharacters = 4096;
const maximumFields = 4096;

/** Every value of a JSON document with its path and bytes; tokens inside are taken apart. */
export function jsonFields(node: JsonNode, path = '', found: EvidenceField[] = []): EvidenceField[] {
  if (found.length >= maximumFields) return found;
  const inside = (part: string) => (path === '' ? part : `${path}.${part}`);
  if (node.kind === 'object') for (const [name, member] of node.members) jsonFields(member, inside(name), found);
  else if (node.kind === 'array') node.items.forEach((item, at) => void jsonFields(item, `${path}[${at}]`, found));
  else {
    const value = node.kind === 'null' ? 'null' : String(node.value);
    found.push({
      name: path === '' ? 'value' : path,
      offset: node.start,
      length: node.end - node.start,
      value: value.slice(0, shownCharacters),
    });
    if (node.kind === 'string' && jwtPattern.test(node.value))
      found.push(...tokenFields(node.value, path === '' ? 'value' : path));
  }
  return found;
}

/** Header and claims of a compact token. They are shown, not checked. */
export function tokenFields(token: string, prefix: string): EvidenceField[] {
  return token
    .split('.')
    .slice(0, 2)
    .flatMap((part, at) => {
      const bytes = decodeBase64(part.replaceAll('-', '+').replaceAll('_', '/'), { padding: false });
      const json =
        bytes === undefined ? undefined : parseJson(bytes, { what: 'a part of the token', maxSize: 1_048_576 });
      if (json?.ok !== true) return [];
      // Offsets inside a token are of its decoded parts, which are nowhere in the file.
      return jsonFields(json.value, `${prefix}#${at === 0 ? 'header' : 'claims'}`).map(({ name, value }) => ({
        name,
        value,
      }));
    });
}

/** Elements of a manifest with their attributes, and where they stand. Shown, not checked. */
export function manifestFields(xml: string): EvidenceField[] {
  const found: EvidenceField[] = [];
  const element =
    /<(?:[\w.-]+:)?(Entity|Meta|SoftwareIdentity|Resource|DigestMethod|SignatureMethod|CanonicalizationMethod)((?:\s+[\w:.-]+="[^"<>]*")*)\s*\/?>/g;
  for (const match of xml.matchAll(element)) {
    const [whole, name = '', attributes = ''] = match;
    if (found.length >= maximumFields) break;
    const index = /\sname="([^"]*)"/.exec(attributes)?.[1];
    const values = [...attributes.matchAll(/\s(?:[\w.-]+:)?([\w.-]+)="([^"]*)"/g)].filter(([, key]) => key !== 'name');
    found.push({
      name: index === undefined ? name : `${name}.${index}`,
      offset: match.index,
      length: whole.length,
      value: values
        .map(([, key, value]) => `${key}=${value}`)
        .join(' ')
        .slice(0, shownCharacters),
    });
  }
  return found;
}
