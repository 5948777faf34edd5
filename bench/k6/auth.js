// A load test of accounts (A9): every virtual user signs up once, then signs in, validates, refreshes and validates again.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 --vus 8 --duration 30s bench/k6/auth.js
//
// The product's limits for one address must be out of the way: `make bench-auth` starts one where they are.
import http from 'k6/http';
import { check, fail } from 'k6';
import exec from 'k6/execution';

const base = `${__ENV.BASE_URL || 'http://127.0.0.1:8080'}/api/v1`;
const password = 'correct horse battery staple';
const run = Date.now().toString(36);
let userName = null;

export const options = {
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
  thresholds: { checks: ['rate==1'] },
};

function post(path, body, name) {
  const headers = { 'content-type': 'application/json' };
  return http.post(`${base}${path}`, JSON.stringify(body), { headers, tags: { name } });
}

function validate(token) {
  const me = http.get(`${base}/users/me`, {
    headers: { authorization: `Bearer ${token}` },
    tags: { name: 'validate' },
  });
  check(me, { 'the token is the user\'s': (answer) => answer.status === 200 && answer.json('user_name') === userName });
}

function signUp() {
  const name = `k6-${run}-${exec.vu.idInTest}`;
  const answer = post('/auth/register', { user_name: name, email: `${name}@example.org`, password }, 'sign-up');
  if (!check(answer, { 'signed up': (answer) => answer.status === 201 })) {
    fail(`sign-up: ${answer.status} ${answer.body}`);
  }
  userName = name;
}

export default function () {
  if (userName === null) {
    signUp();
  }
  const signedIn = post('/auth/login', { user_name: userName, password }, 'sign-in');
  if (!check(signedIn, { 'signed in': (answer) => answer.status === 200 })) {
    fail(`sign-in: ${signedIn.status} ${signedIn.body}`);
  }
  validate(signedIn.json('access_token'));
  const refreshed = post('/auth/refresh', { refresh_token: signedIn.json('refresh_token') }, 'refresh');
  if (!check(refreshed, { refreshed: (answer) => answer.status === 200 })) {
    fail(`refresh: ${refreshed.status} ${refreshed.body}`);
  }
  validate(refreshed.json('access_token'));
}
