// usage: node run.mjs MODULE [ARGUMENT...]: run a module by wasmd, with nothing
// but a MessagePack library; see wasmd-protocol(7).
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { decode, encode } from '@msgpack/msgpack';

const wasmd = connect(process.env.WASMD_SOCKET ?? '/run/wasmd/wasmd.sock');

function send(...message) {
	const data = encode(message);
	const length = Buffer.alloc(4);
	length.writeUInt32BE(data.length);
	wasmd.write(Buffer.concat([length, data]));
}

function receive([kind, method, first, result]) {
	if (kind === 1 && first !== null) {
		console.error(`run.mjs: ${first.message}`);
		process.exitCode = 1;
		wasmd.end();
	} else if (method === 'job.output') {
		(first.fd === 1 ? process.stdout : process.stderr).write(first.data);
	} else if (method === 'job.exit') {
		const ended = ['OK', 'RE'].includes(first.status);
		if (!ended) console.error(`run.mjs: ${first.cause}`);
		process.exitCode = ended ? first.exit_code & 255 : 1;
		wasmd.end();
	}
}

let rest = Buffer.alloc(0);
wasmd.on('data', (bytes) => {
	rest = Buffer.concat([rest, bytes]);
	for (let n; rest.length >= 4 && rest.length >= 4 + (n = rest.readUInt32BE()); rest = rest.subarray(4 + n))
		receive(decode(rest.subarray(4, 4 + n)));
});
const [module, ...args] = process.argv.slice(2);
send(0, 1, 'hello', { version: 1, client: 'run.mjs' });
send(0, 2, 'submit', { module: readFileSync(module), args: [module, ...args] });
