/** Checks of settings that depend on each other. */
import { isIP } from 'node:net';
import { ConfigError, variableOf } from './setting.ts';
import type { Config } from './settings.ts';

/** Throws ConfigError, with what to set instead. */
export function checkTogether(config: Config): void {
  checkListening(config);
  checkKafkaDoor(config);
  checkKafkaTls(config);
  checkKafkaLogin(config);
}

function checkListening({ host, insecureBind, tlsCert, tlsKey }: Config): void {
  if (!isLoopback(host) && !insecureBind) {
    throw new ConfigError(
      `--host ${host} is no loopback address, and no credentials are configured: anyone who ` +
        'reaches it could read and write everything. Listen on 127.0.0.1, or set ' +
        `--insecure-bind (${variableOf('insecure-bind')}=true) if the network protects it.`,
    );
  }
  if ((tlsCert === '') !== (tlsKey === '')) {
    throw new ConfigError('--tls-cert and --tls-key go together: set both, or neither.');
  }
}

function checkKafkaDoor(config: Config): void {
  const { kafkaTls, kafkaTlsCert: cert, kafkaTlsKey: key, kafkaTlsBrokerHost } = config;
  if ((cert === '') !== (key === '')) {
    throw new ConfigError(
      '--kafka-tls-cert and --kafka-tls-key go together: set both, or neither.',
    );
  }
  if (!kafkaTls && (cert !== '' || kafkaTlsBrokerHost !== '')) {
    throw new ConfigError('Settings of --kafka-tls-… want --kafka-tls (KINESKA_KAFKA_TLS=true).');
  }
  if (kafkaTlsBrokerHost !== '' && cert === '') {
    throw new ConfigError(
      '--kafka-tls-broker-host wants --kafka-tls-cert and --kafka-tls-key: a certificate that ' +
        `names ${kafkaTlsBrokerHost.replace('{id}', '*')} and the host to bootstrap from.`,
    );
  }
}

function checkKafkaTls(config: Config): void {
  const { kafkaSecurityProtocol: protocol, kafkaBootstrap, kafkaSslAnyHost } = config;
  if (protocol !== 'PLAINTEXT' && kafkaBootstrap.length === 0) {
    throw new ConfigError(`--kafka-security-protocol ${protocol} wants --kafka-bootstrap.`);
  }
  const { kafkaSslCaFile, kafkaSslCertFile, kafkaSslKeyFile } = config;
  if ((kafkaSslCertFile === '') !== (kafkaSslKeyFile === '')) {
    throw new ConfigError('--kafka-ssl-cert-file and --kafka-ssl-key-file go together.');
  }
  const isGiven = kafkaSslCaFile !== '' || kafkaSslCertFile !== '' || kafkaSslAnyHost;
  if (!protocol.endsWith('SSL') && isGiven) {
    throw new ConfigError(
      `Settings of --kafka-ssl-… want --kafka-security-protocol SSL or SASL_SSL, not ${protocol}.`,
    );
  }
}

function checkKafkaLogin(config: Config): void {
  const { kafkaSecurityProtocol: protocol, kafkaSaslMechanism: mechanism } = config;
  const { kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  const tokens = [config.kafkaSaslOauthTokenFile, config.kafkaSaslOauthTokenEndpoint];
  const tokensGiven = tokens.filter((each) => each !== '').length;
  if (!protocol.startsWith('SASL')) {
    if (username === '' && password === '' && tokensGiven === 0) return;
    throw new ConfigError(
      `Credentials of --kafka-sasl-… want --kafka-security-protocol SASL_SSL or SASL_PLAINTEXT, ` +
        `not ${protocol}: they would not be used.`,
    );
  }
  if (mechanism !== 'OAUTHBEARER') {
    if (tokensGiven > 0) {
      throw new ConfigError(`--kafka-sasl-oauth-… is for OAUTHBEARER, not ${mechanism}.`);
    }
    if (username !== '' && password !== '') return;
    throw new ConfigError(
      `${mechanism} wants --kafka-sasl-username and ${variableOf('kafka-sasl-password')}.`,
    );
  }
  if (tokensGiven !== 1) {
    throw new ConfigError(
      'OAUTHBEARER wants --kafka-sasl-oauth-token-file or --kafka-sasl-oauth-token-endpoint: ' +
        'one of the two.',
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
