import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginOf, plainClient, ScramExchange } from '../../../../adapters/kafka/sasl.ts';
import { isGatewayError } from '../../../../src/domain/errors.ts';

const user = { username: 'user', password: 'pencil' };

/** The example of RFC 7677, section 3. */
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const serverFirst =
  'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const clientFinal =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
  'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

test("SCRAM-SHA-256 is that of the RFC's example", async () => {
  const exchange = new ScramExchange('SCRAM-SHA-256', user, nonce);
  assert.equal(exchange.first().toString(), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
  const final = await exchange.final(Buffer.from(serverFirst));
  assert.equal(final.toString(), clientFinal);
  exchange.verify(Buffer.from(serverFinal));
});

test('a server that does not know the password is refused', async () => {
  const exchange = new ScramExchange('SCRAM-SHA-256', user, nonce);
  await exchange.final(Buffer.from(serverFirst));
  const wrong = Buffer.from(`v=${Buffer.alloc(32).toString('base64')}`);
  for (const said of [wrong, Buffer.from('v='), Buffer.from(''), Buffer.from('e=other-error')]) {
    assert.throws(
      () => exchange.verify(said),
      (error) => isGatewayError(error, 'access-denied'),
    );
  }
});

test('a first message with another nonce, no salt, few or too many rounds is refused', async () => {
  const messages = [
    'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${nonce}x,s=,i=4096`,
    `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`,
    `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999`,
    'nothing of it',
  ];
  for (const message of messages) {
    const exchange = new ScramExchange('SCRAM-SHA-256', user, nonce);
    await assert.rejects(
      exchange.final(Buffer.from(message)),
      (error) => isGatewayError(error, 'access-denied'),
      message,
    );
  }
});

test('commas and equals signs of a name are escaped', () => {
  const exchange = new ScramExchange('SCRAM-SHA-512', { ...user, username: 'a=b,c' }, nonce);
  assert.equal(exchange.first().toString(), `n,,n=a=3Db=2Cc,r=${nonce}`);
});

test('a broker without the mechanism is an error that names what it has', async () => {
  const login = loginOf(plainClient(user));
  const channel = {
    name: 'kafka:9092',
    handshake: async () => ({ errorCode: 33, mechanisms: ['GSSAPI', 'SCRAM-SHA-512'] }),
    authenticate: async () => assert.fail('it went on'),
  };
  await assert.rejects(login(channel), /no PLAIN, but GSSAPI, SCRAM-SHA-512/);
});
