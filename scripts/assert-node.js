// Plain JavaScript: with an old Node even the type annotations of the other scripts are syntax errors.
const major = Number(process.versions.node.split('.')[0]);
if (major < 22) {
  process.stderr.write(
    `this is Node.js ${process.versions.node}, the project needs 22 or newer.\n` +
      'The project brings its own: run `npm ci` without --ignore-scripts, then use npm scripts, ' +
      'or put node_modules/.bin first in PATH.\n',
  );
  process.exit(1);
}
