// stkgate.mjs - ask the local stkgate daemon whether a call may pass, over its http.sock
//
//     const gate = new Gate('storefront', { scope: 'cart:write' });     // once per program
//     const verdict = await gate.check(request);                        // an http.IncomingMessage
//     if (verdict.status !== 200) ...answer with its status, headers and body...
//
// check() rejects when no verdict could be had: refuse the call then, with 503. Node 18.3 or later.
import http from 'node:http';

const ANSWER_MAX = 65536;
const asked = ['x-stella-token', 'authorization', 'x-api-key', 'x-site-id', 'origin'];
// Of an answer to the remote caller. What begins with stkgate- is for this program.
const passed = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'ratelimit-policy', 'ratelimit',
    'retry-after', 'www-authenticate', 'deprecation', 'sunset', 'link', 'cache-control', 'content-type'];

export class Gate {
    #options;

    constructor(service, { scope = '', socket = '/run/stkgate/http.sock', timeout = 2000 } = {}) {
        this.#options = {
            socketPath: socket,
            path: `/v1/check/${encodeURIComponent(service)}?scope=${encodeURIComponent(scope)}`,
            agent: new http.Agent({ keepAlive: true, maxSockets: 16 }),
            timeout,
        };
    }

    async check(request) {
        const headers = {};
        // Not request.headers: of some fields that come twice, Node has the first value only there.
        for (const name of asked)
            if (request.headersDistinct[name]) headers[name] = request.headersDistinct[name].join(', ');
        const answer = await this.#get(headers);
        const reason = answer.headers['stkgate-reason'];
        if (!reason || (answer.status === 200) !== (reason === 'ok'))
            throw new Error(`stkgate: that was no verdict: status ${answer.status} ${answer.body}`);
        return {
            status: answer.status,
            reason,
            keyId: answer.headers['stkgate-key-id'],
            site: answer.headers['stkgate-site'],
            scopes: answer.headers['stkgate-scopes'],
            headers: Object.fromEntries(passed.filter((name) => name in answer.headers)
                .map((name) => [name, answer.headers[name]])),
            body: answer.body,
        };
    }

    #get(headers, again = true) {
        const { timeout, ...options } = this.#options;
        return new Promise((resolve, reject) => {
            const signal = AbortSignal.timeout(timeout);
            const question = http.get({ ...options, headers, signal }, (answer) => {
                let body = '';
                answer.setEncoding('utf8');
                answer.on('data', (part) => {
                    body += part;
                    if (body.length > ANSWER_MAX) question.destroy(new Error('stkgate: the answer does not end'));
                });
                answer.on('error', reject);
                answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
            });
            // A connection that was kept, and that a daemon before this one has closed meanwhile.
            question.on('error', (failure) => again && question.reusedSocket && failure.code === 'ECONNRESET'
                ? resolve(this.#get(headers, false)) : reject(failure));
        });
    }
}
