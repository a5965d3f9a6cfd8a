// The recipe of docs/bundlers.md: nothing is needed for the package.
module.exports = {
  mode: 'production',
  entry: './main.js',
  output: { filename: 'main.js' },
};
