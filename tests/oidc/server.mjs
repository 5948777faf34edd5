// An OpenID provider on a free port of this machine, for the tests of sign-in. It is told by its environment where
// people come back to and of the secret that it shares with the product, says on its first line where it listens, and ends when its standard input does.
//
// It asks nobody for a password: the person who signs in is named by the query of /as, which a test calls first.
import { createServer } from 'node:http';
import { once } from 'node:events';

import Provider from 'oidc-provider';

const redirectUri = process.env.REDIRECT_URI;

/** Everybody who is known: what is said of them. */
const people = {
  ada: { email: 'ada@example.org', email_verified: true, preferred_username: 'ada' },
  eve: { email: 'eve@example.org', email_verified: true, preferred_username: 'eve' },
  unverified: { email: 'unverified@example.org', email_verified: false, preferred_username: 'unverified' },
};

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'prosopa',
    client_secret: process.env.CLIENT_SECRET,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  claims: { email: ['email', 'email_verified'], profile: ['preferred_username'] },
  pkce: { required: () => true, methods: ['S256'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  cookies: { keys: ['known to this test alone'] },
});

/** The person who is at the browser; each test has a provider of its own. */
let person = 'ada';

/** Says yes in the person's name, and that the person is whom the test named. */
async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (person === 'nobody') {
    return provider.interactionFinished(request, response, { error: 'access_denied' }, { mergeWithLastSubmission: false });
  }
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: person } }, { mergeWithLastSubmission: false });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope('openid email profile');
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

server.on('request', (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === '/as') {
    person = url.searchParams.get('person');
    response.end();
  } else if (url.pathname.startsWith('/interaction/')) {
    interact(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  } else {
    provider.callback()(request, response);
  }
});

console.log(issuer);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
