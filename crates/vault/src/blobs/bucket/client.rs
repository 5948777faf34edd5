//! The client of an S3 server: where it is, who asks, and how patiently.

use std::{env, fs, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, Certificate, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey as Key, Checksum, S3ConditionalPut},
};
use secrecy::ExposeSecret;

use super::credentials::FileCredentials;
use crate::blobs::config::{BlobsConfigError, S3Config};

/// Variables in which deployments give credentials. Nothing else of the environment counts.
const CREDENTIALS: [(&str, Key); 10] = [
    ("AWS_ACCESS_KEY_ID", Key::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", Key::SecretAccessKey),
    ("AWS_SESSION_TOKEN", Key::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", Key::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", Key::RoleArn),
    ("AWS_ROLE_SESSION_NAME", Key::RoleSessionName),
    ("AWS_ENDPOINT_URL_STS", Key::StsEndpoint),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Key::ContainerCredentialsRelativeUri),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", Key::ContainerCredentialsFullUri),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Key::ContainerAuthorizationTokenFile),
];

/// Variables that name the region, those first that outrank others.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

const REGION: &str = "us-east-1";

/// Pauses between attempts: random, and growing from the one to the other.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// For how long an unused connection is kept: less than the 20 seconds after which Amazon's servers close it.
const UNUSED_MAX: Duration = Duration::from_secs(10);

/// A client of what is configured, which is valid.
pub(super) fn build(config: &S3Config) -> Result<AmazonS3, BlobsConfigError> {
    let timeout = Duration::from_millis(config.timeout_ms);
    let mut options = ClientOptions::new()
        // Half of it, so that an attempt that hangs leaves time for another one.
        .with_timeout(timeout / 2)
        .with_connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        .with_pool_idle_timeout(UNUSED_MAX)
        .with_pool_max_idle_per_host(config.connections_max)
        .with_allow_http(config.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")));
    if let Some(path) = &config.ca_file {
        let pem = fs::read(path).map_err(|source| BlobsConfigError::File {
            key: "ca_file",
            path: path.display().to_string(),
            source,
        })?;
        for certificate in Certificate::from_pem_bundle(&pem).map_err(unfit)? {
            options = options.with_root_certificate(certificate);
        }
    }
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: PAUSE_MIN, max_backoff: PAUSE_MAX, base: 2.0 },
        max_retries: config.retries_max,
        retry_timeout: timeout,
    };
    let is_path_style = config.path_style.unwrap_or(config.endpoint.is_some());
    let mut builder = with_credentials(AmazonS3Builder::new(), config)?
        .with_client_options(options)
        .with_retry(retry)
        .with_bucket_name(&config.bucket)
        .with_region(region(config))
        .with_virtual_hosted_style_request(!is_path_style)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // One request for one object, which every server understands.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &config.endpoint {
        let endpoint = endpoint.trim_end_matches('/');
        builder = builder.with_endpoint(match endpoint.split_once("://") {
            Some((scheme, host)) if !is_path_style => format!("{scheme}://{}.{host}", config.bucket),
            _ => endpoint.to_owned(),
        });
    }
    builder.build().map_err(unfit)
}

fn with_credentials(
    builder: AmazonS3Builder,
    config: &S3Config,
) -> Result<AmazonS3Builder, BlobsConfigError> {
    if let Some(files) = FileCredentials::open(config)? {
        return Ok(builder.with_credentials(Arc::new(files)));
    }
    if let Some((id, secret)) = config.access_key()? {
        return Ok(builder
            .with_access_key_id(id.expose_secret())
            .with_secret_access_key(secret.expose_secret()));
    }
    let given = CREDENTIALS.into_iter().filter_map(|(name, key)| Some((key, variable(name)?)));
    Ok(given.fold(builder, |builder, (key, value)| builder.with_config(key, value)))
}

fn region(config: &S3Config) -> String {
    let named = || REGIONS.into_iter().find_map(variable);
    config.region.clone().or_else(named).unwrap_or_else(|| REGION.to_owned())
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn unfit(error: object_store::Error) -> BlobsConfigError {
    BlobsConfigError::Client(error.to_string().into())
}
