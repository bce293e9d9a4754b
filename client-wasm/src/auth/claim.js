const claims = (token) => {
  try {
    const payload = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (byte) => byte.charCodeAt(0))));
  } catch {
    return {};
  }
};

/** The user that a JWT names; `undefined` for a token of another kind. */
export const userOf = (token) => {
  const { sub } = claims(token);
  return typeof sub === 'string' ? sub : undefined;
};

/** Whether a JWT says that it counts for so many seconds more. */
export const countsFor = (token, seconds) => claims(token).exp > Date.now() / 1000 + seconds;
