// Looks names up with Node.js: lookup.js lookup|resolve A|AAAA|SRV NAME, lookup.js resolve PTR ADDRESS.
// `lookup` is getaddrinfo, as every connection does it; `resolve` is c-ares, for programs that ask for more.
const dns = require('dns').promises;

async function find(how, kind, what) {
  if (how === 'lookup') {
    const found = await dns.lookup(what, {all: true, family: kind === 'A' ? 4 : 6});
    return found.map((item) => item.address);
  }
  if (kind === 'PTR') return dns.reverse(what);
  const found = await dns.resolve(what, kind);
  return kind === 'SRV' ? found.map((item) => `${item.priority} ${item.weight} ${item.port} ${item.name}`) : found;
}

find(...process.argv.slice(2)).then(
    (lines) => console.log(lines.join('\n')),
    (error) => {
      console.log(error.code);
      process.exitCode = 1;
    });
