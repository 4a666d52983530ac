// noVNC in a real Chromium, which does what it is told on standard input, a line at a time (as ../lvc.c does):
//   shot FILE    write the picture as it is now as a PPM; answers "shot"
//   type JSON    type a text on the browser's keyboard; answers "type"
//   point X Y    move the browser's pointer; answers "point"
//   cut JSON     say that a text was copied here; answers "cut"
//   pasted FILE  write what was last copied over there; answers "pasted"
//   state FILE   write, as JSON, what noVNC makes use of; answers "state"
// Usage: node viewer.mjs CHROMIUM PORT QUALITY WITHOUT     WITHOUT: a JSON array of encodings that it shall not list
// It prints "ready" when it is connected.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { WebSocketServer } from 'ws';

const [browserPath, port, quality, without] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const novnc = path.join(here, 'node_modules/@novnc/novnc');
let shotTaken; // called with the picture as a PPM

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://here');
  if (url.pathname === '/shot') {
    const parts = [];
    request.on('data', part => parts.push(part)).on('end', () => {
      response.end();
      shotTaken(ppm(url.searchParams.get('w'), url.searchParams.get('h'), Buffer.concat(parts)));
    });
    return;
  }
  const file = url.pathname === '/' ? path.join(here, 'viewer.html') : path.join(novnc, path.normalize(url.pathname).replace(/^\/novnc/, ''));
  const type = { '.html': 'text/html', '.js': 'text/javascript' }[path.extname(file)];
  if (!type || !fs.existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': type });
  fs.createReadStream(file).pipe(response);
});

function ppm(w, h, rgba) {
  const head = Buffer.from(`P6\n${w} ${h}\n255\n`);
  const out = Buffer.alloc(head.length + 3 * w * h);
  head.copy(out);
  for (let from = 0, to = head.length; from < rgba.length; from += 4, to += 3) {
    out[to] = rgba[from];
    out[to + 1] = rgba[from + 1];
    out[to + 2] = rgba[from + 2];
  }
  return out;
}

// Every WebSocket is a connection to the VNC server.
new WebSocketServer({ server }).on('connection', socket => {
  const rfb = net.connect(Number(port), '127.0.0.1');
  rfb.setNoDelay(true);
  rfb.on('data', data => socket.send(data)).on('close', () => socket.close()).on('error', () => socket.close());
  socket.on('message', data => rfb.write(data)).on('close', () => rfb.destroy());
});

await new Promise(listening => server.listen(0, '127.0.0.1', listening));
const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
page.on('pageerror', e => console.error(e));
page.on('console', message => console.error(message.text()));
await page.goto(`http://127.0.0.1:${server.address().port}/?quality=${quality}&without=${encodeURIComponent(without)}`);
await page.waitForFunction(() => window.connected);

const keyboard = await page.context().newCDPSession(page);

// What Playwright's keyboard does not have, on the keys where a German one has it.
const german = { 'ä': 'Quote', 'ö': 'Semicolon', 'Ö': 'Semicolon', 'ß': 'Minus', '§': 'Digit3', '€': 'KeyE' };

const obey = {
  async shot(file) {
    const picture = new Promise(taken => { shotTaken = taken; });
    await page.evaluate(() => window.shoot());
    fs.writeFileSync(file, await picture);
  },
  async type(text) {
    await page.evaluate(() => window.rfb.focus());
    for (const key of JSON.parse(text)) {
      const code = german[key];
      if (!code) {
        await page.keyboard.type(key);
        continue;
      }
      await keyboard.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code, text: key });
      await keyboard.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code });
    }
  },
  async point(xy) {
    // noVNC draws the screen in the middle of the window.
    const canvas = await page.locator('canvas').first().boundingBox();
    const [x, y] = xy.split(' ').map(Number);
    await page.mouse.move(canvas.x + x + 0.5, canvas.y + y + 0.5);
  },
  async cut(text) { await page.evaluate(text => window.rfb.clipboardPasteFrom(text), JSON.parse(text)); },
  async pasted(file) { fs.writeFileSync(file, await page.evaluate(() => window.copied)); },
  async state(file) {
    fs.writeFileSync(file, JSON.stringify(await page.evaluate(() => ({
      fence: window.rfb._supportsFence,
      continuous: window.rfb._enabledContinuousUpdates,
      scancodes: window.rfb._qemuExtKeyEventSupported,
      buttons: window.rfb._extendedPointerEventSupported,
      clipboard: Object.keys(window.rfb._clipboardServerCapabilitiesActions).length > 0,
      seen: window.seen,
      gone: window.gone ?? null,
    }))));
  },
};
console.log('ready');
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [word] = line.split(' ', 1);
  await obey[word](line.slice(word.length + 1));
  console.log(word);
}
await browser.close();
process.exit(0);
