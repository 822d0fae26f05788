// A shop's API, behind stkgate: node shop.mjs [PORT or SOCKET]
import http from 'node:http';
import { Gate } from './stkgate.mjs';

const gate = new Gate('storefront', { scope: 'cart:write', socket: process.env.STKGATE_HTTP });

function cart(request, response, verdict) {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(`cart of ${verdict.site}\n`);
}

const unavailable = {
    status: 503,
    headers: { 'content-type': 'application/problem+json', 'retry-after': '1', 'cache-control': 'no-store' },
    body: '{"type":"about:blank","title":"Service Unavailable","status":503,"reason":"unavailable"}',
};

http.createServer(async (request, response) => {
    const verdict = await gate.check(request).catch((failure) => {
        console.error(failure.message);
        return unavailable;
    });
    for (const [name, value] of Object.entries(verdict.headers)) response.setHeader(name, value);
    if (verdict.status === 200) return cart(request, response, verdict);
    response.writeHead(verdict.status);
    response.end(verdict.body);
}).listen(process.argv[2] ?? 8080);
