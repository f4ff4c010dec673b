#!/usr/bin/env node
// SPDX-License-Identifier: BSD-3-Clause
//
// A browser as a WebRTC party, told what to do by lines of JSON, as all parties in this folder
// (peer.py): browser.js chromium|firefox FOLDER [mdns]
//
// The browser's own files go to FOLDER. With "mdns" host candidates are names (RFC 8828), as in
// a page that has not been given a microphone: its media is then made by the page.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const readline = require('readline');
const puppeteer = require('puppeteer-core');

const [kind, folder, mdns] = process.argv.slice(2);

const chromium = {
	browser: 'chrome',
	executablePath: '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
		'--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=fps=15',
		'--autoplay-policy=no-user-gesture-required', '--disable-background-networking',
		'--disable-component-update', '--mute-audio',
		...(mdns ? [] : ['--disable-features=WebRtcHideLocalIpsWithMdns'])],
};

const firefox = {
	browser: 'firefox',
	executablePath: '/usr/bin/firefox-esr',
	extraPrefsFirefox: {
		'media.navigator.streams.fake': true,
		'media.navigator.permission.disabled': true,
		'media.peerconnection.ice.obfuscate_host_addresses': !!mdns,
		'media.autoplay.default': 0,
		'media.volume_scale': '0.0',
		'media.gmp-manager.url': '',
		'media.peerconnection.ice.no_host': false,
	},
};

// A page of localhost may ask for devices. It needs no network: the namespace has its own.
function serve() {
	const page = fs.readFileSync(path.join(__dirname, 'page.html'));
	const server = http.createServer((_, response) => {
		response.setHeader('content-type', 'text/html');
		response.end(page);
	});
	return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function main() {
	const server = await serve();
	const browser = await puppeteer.launch({
		...(kind === 'firefox' ? firefox : chromium),
		headless: true, userDataDir: path.join(folder, 'profile'),
		env: {...process.env, HOME: folder, MOZ_DISABLE_CONTENT_SANDBOX: '1'},
	});
	process.on('SIGTERM', () => browser.close().finally(() => process.exit(0)));
	const page = await browser.newPage();
	page.on('console', message => console.error(message.text()));
	page.on('pageerror', error => console.error(error.message));
	await page.goto(`http://localhost:${server.address().port}/`);
	for await (const line of readline.createInterface({input: process.stdin})) {
		const {do: verb, ...parameters} = JSON.parse(line);
		if (verb === 'quit')
			break;
		let answer;
		try {
			answer = await page.evaluate((name, p) => window.peer[name](p), verb,
				{synthetic: !!mdns, ...parameters});
		} catch (error) {
			answer = {error: `${error.message}`};
		}
		console.log(JSON.stringify(answer ?? {}));
	}
	await browser.close();
	process.exit(0);
}

main().catch(error => {
	console.error(error);
	process.exit(1);
});
