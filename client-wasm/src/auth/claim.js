/** A claim of a JWT; `undefined` for a token of another kind. */
export const claim = (token, name) => {
  try {
    const payload = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (byte) => byte.charCodeAt(0))))[name];
  } catch {
    return undefined;
  }
};
