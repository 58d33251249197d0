import { crc32, uint32Bytes } from './crc32.ts';

/** The 256 words of BCR-2020-012, in order; first and last letters of each are unique together. */
const words =
  `able acid also apex aqua arch atom aunt away axis back bald barn belt beta bias blue body brag brew bulb buzz calm cash
cats chef city claw code cola cook cost crux curl cusp cyan dark data days deli dice diet door down draw drop drum dull
duty each easy echo edge epic even exam exit eyes fact fair fern figs film fish fizz flap flew flux foxy free frog fuel
fund gala game gear gems gift girl glow good gray grim guru gush gyro half hang hard hawk heat help high hill holy hope
horn huts iced idea idle inch inky into iris iron item jade jazz join jolt jowl judo jugs jump junk jury keep keno kept
keys kick kiln king kite kiwi knob lamb lava lazy leaf legs liar limp lion list logo loud love luau luck lung main many
math maze memo menu meow mild mint miss monk nail navy need news next noon note numb obey oboe omit onyx open oval owls
paid part peck play plus poem pool pose puff puma purr quad quiz race ramp real redo rich road rock roof ruby ruin runs
rust safe saga scar sets silk skew slot soap solo song stub surf swan taco task taxi tent tied time tiny toil tomb toys
trip tuna twin ugly undo unit urge user vast very veto vial vibe view visa void vows wall wand warm wasp wave waxy webs
what when whiz wolf work yank yawn yell yoga yurt zaps zero zest zinc zone zoom`.split(/\s+/);

const pairs = words.map((word) => `${word.at(0) ?? ''}${word.at(-1) ?? ''}`);
const byPair = new Map(pairs.map((pair, byte) => [pair, byte]));

/** BCR-2020-012, minimal style: two letters a byte, with four bytes of CRC-32 at the end. */
export function encodeBytewords(bytes: Uint8Array): string {
  return [...bytes, ...uint32Bytes(crc32(bytes))].map((byte) => pairs[byte] ?? '').join('');
}

/** undefined for anything that is no bytewords or whose checksum is wrong. Letters of either case. */
export function decodeBytewords(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || text.length < 10) return undefined;
  const lower = text.toLowerCase();
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = byPair.get(lower.slice(2 * i, 2 * i + 2));
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  const body = bytes.slice(0, -4);
  const sum = uint32Bytes(crc32(body));
  return sum.every((byte, i) => byte === bytes[body.length + i]) ? body : undefined;
}
