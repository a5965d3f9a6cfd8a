// The recipe of docs/bundlers.md, and nothing else.
export default {
  optimizeDeps: { exclude: ['anchorite'] },
  worker: { format: 'es' },
};
