// A real OpenID provider (oidc-provider, certified by the OpenID Foundation) on loopback. A test sets it up, and says what
// it shall do wrong, by POST /control.
import { createHash, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const server = createServer((request, response) => serve(request, response));
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(issuer);
});
// The test holds our input open; when it is gone, so are we.
process.stdin.on('end', () => process.exit(0)).resume();

let issuer, keys, settings, provider, answer;

// Keys of each kind, the newest last. A rotation drops those of before.
function rotate() {
  const stamp = createHash('sha256').update(`${Date.now()}${Math.random()}`).digest('hex').slice(0, 8);
  const made = [
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ];
  keys = made.map(([alg, { privateKey }]) => ({
    ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${stamp}`,
  }));
}

// What a test asks for: clients, people by their subject, who is at the keyboard, and what to do wrong.
function setUp(asked) {
  settings = { ...settings, ...asked };
  if (!keys || asked.rotate) rotate();
  provider = new Provider(issuer, {
    clients: settings.clients,
    jwks: { keys },
    conformIdTokenClaims: settings.claims_at_userinfo ?? true,
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...settings.people[sub] }) }),
    loadExistingGrant: async (ctx) => {
      const { accountId } = ctx.oidc.session;
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token' && ctx.body?.id_token && settings.wrong) {
      ctx.body = { ...ctx.body, id_token: tampered(ctx.body.id_token, settings.wrong) };
    }
  });
  answer = provider.callback();
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));

// The token with other claims, signed by the provider's own key unless it is to be signed in a wrong way.
function tampered(token, wrong) {
  const [header, claims] = token.split('.').slice(0, 2).map(decode);
  Object.assign(claims, wrong.claims);
  const key = keys.find((one) => one.kid === header.kid);
  const alg = wrong.alg ?? header.alg;
  const message = `${encode({ ...header, alg, ...wrong.header })}.${encode(claims)}`;
  if (alg === 'none') return `${message}.`;
  if (alg === 'HS256') {
    const secret = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    return `${message}.${createHmac('sha256', secret).update(message).digest('base64url')}`;
  }
  const stranger = wrong.stranger ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey : undefined;
  const by = stranger ?? createPrivateKey({ key, format: 'jwk' });
  return `${message}.${sign('sha256', Buffer.from(message), by).toString('base64url')}`;
}

async function serve(request, response) {
  if (request.url === '/control') {
    let body = '';
    for await (const chunk of request) body += chunk;
    setUp(JSON.parse(body));
    return response.end();
  }
  if (request.url.startsWith('/interaction/')) {
    // Whoever is at the keyboard types the right password.
    const result = settings.refuses
      ? { error: 'access_denied', error_description: 'no' }
      : { login: { accountId: settings.at_keyboard } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  return answer(request, response);
}
