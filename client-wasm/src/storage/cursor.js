// One item of `localStorage`. Where the browser has none (Node, a worker), forbids it or has no room, nothing is kept.

export const kept = (key) => {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
};

export const keep = (key, value) => {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // The next page load begins without.
  }
};
