//! The installation's own certificate authority: by it workers know the gateway, and the gateway
//! knows the workers of pools. It signs for nobody else. Its key is sealed in the database; made when
//! it is first needed, and the same on every server.

use gantry_core::ids::WorkerPoolId;
use gantry_store::Store;
use gantry_store::worker_authority::{self, StoredAuthority};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SubjectPublicKeyInfo,
};
use sha2::{Digest as _, Sha256};
use ulid::Ulid;
use zeroize::Zeroizing;

use crate::{Keyring, OpError};

const NAME: &str = "Gantry workers";
const PLACE: &str = "worker_authority|key";

/// The authority and what it signs count until somebody puts an end to them, not by the calendar.
const LAST_YEAR: i32 = 9999;

pub struct WorkerAuthority {
    /// PEM.
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Of the gateway, in DER. Made anew at each start; the key is in memory alone.
pub struct GatewayCertificate {
    pub certificate: Vec<u8>,
    pub private_key: Zeroizing<Vec<u8>>,
}

/// Of a worker pool.
pub(crate) struct PoolCertificate {
    pub(crate) pem: String,
    /// SHA-256, in hexadecimal digits.
    pub(crate) fingerprint: String,
}

impl WorkerAuthority {
    /// The installation's; makes it where there is none.
    pub async fn open(store: &Store, keys: &Keyring, now: i64) -> Result<Self, OpError> {
        if worker_authority::find(store.reader()).await?.is_none() {
            let made = make(keys).map_err(cannot_make)?;
            let tx = store.begin().await?;
            worker_authority::insert(&tx, made, now).await?;
            tx.commit().await?;
        }
        let stored = worker_authority::find(store.reader())
            .await?
            .ok_or_else(|| OpError::internal("read the worker authority", "it is gone"))?;
        let key = keys
            .open_sealed(store, PLACE, &stored.key_id, &stored.sealed)
            .await?;
        let key = std::str::from_utf8(&key)
            .map_err(|error| OpError::internal("read the worker authority", error))?;
        let key = KeyPair::from_pem(key).map_err(cannot_make)?;
        let issuer = Issuer::from_ca_cert_pem(&stored.certificate, key).map_err(cannot_make)?;
        Ok(WorkerAuthority {
            certificate: stored.certificate,
            issuer,
        })
    }

    /// PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// For the gateway under a host name or an address.
    pub fn for_gateway(&self, host: &str) -> Result<GatewayCertificate, OpError> {
        let make = || {
            let mut params = CertificateParams::new(vec![host.to_owned()])?;
            params.distinguished_name = name(host);
            params.not_after = rcgen::date_time_ymd(LAST_YEAR, 12, 31);
            params.use_authority_key_identifier_extension = true;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &self.issuer)?;
            Ok(GatewayCertificate {
                certificate: certificate.der().to_vec(),
                private_key: Zeroizing::new(key.serialize_der()),
            })
        };
        make().map_err(cannot_make)
    }

    /// For the workers of a pool, who have the private key of `key`. Two certificates for the same key
    /// are different ones.
    pub(crate) fn for_pool(
        &self,
        pool: &WorkerPoolId,
        key: &SubjectPublicKeyInfo,
    ) -> Result<PoolCertificate, OpError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name(pool.as_str());
        params.not_after = rcgen::date_time_ymd(LAST_YEAR, 12, 31);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(Ulid::generate().to_bytes().to_vec().into());
        let certificate = params.signed_by(key, &self.issuer).map_err(cannot_make)?;
        Ok(PoolCertificate {
            pem: certificate.pem(),
            fingerprint: hex::encode(Sha256::digest(certificate.der())),
        })
    }
}

fn make(keys: &Keyring) -> Result<StoredAuthority, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(NAME);
    params.not_after = rcgen::date_time_ymd(LAST_YEAR, 12, 31);
    // It signs no further authorities.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let pem = Zeroizing::new(key.serialize_pem());
    let sealed = keys.seal(PLACE, pem.as_bytes());
    Ok(StoredAuthority {
        certificate: certificate.pem(),
        key_id: sealed.key_id,
        sealed: sealed.bytes,
    })
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn cannot_make(error: rcgen::Error) -> OpError {
    OpError::internal("use the worker authority", error)
}
