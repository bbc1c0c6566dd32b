# The gateway alone: Kafka and DynamoDB run elsewhere, so that no Java is needed.
FROM node:22-slim AS build
WORKDIR /kineska
COPY package.json package-lock.json .npmrc build.mjs tsconfig.json ./
COPY src src
COPY adapters adapters
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
WORKDIR /kineska
COPY --from=build /kineska/package.json ./
COPY --from=build /kineska/node_modules node_modules
COPY --from=build /kineska/dist dist
RUN mkdir /data && chown node /data
USER node
# A container's ports are published by whoever runs it; see docker-compose.yml.
ENV NODE_ENV=production \
    KINESKA_HOST=0.0.0.0 \
    KINESKA_INSECURE_BIND=true \
    KINESKA_DATA_DIR=/data \
    KINESKA_LOG_FILE=-
VOLUME /data
EXPOSE 4567 9092 9464
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=12 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "--min-semi-space-size=8", "dist/kineska.mjs"]
CMD ["start"]
