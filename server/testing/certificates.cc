#include "server/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace podnamed::testing {
namespace {

constexpr long kDay = 24 * 60 * 60;
constexpr long kVersion3 = 2;  // counted from zero

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* value) const {
    kFree(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Freer<X509_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Bio Reader(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// `ca` is nullptr for one that signs itself.
Certificate Make(const Certificate* ca, const std::string& common_name, const std::string& names, int age_days) {
  const Key key(EVP_EC_gen("P-256"));
  const X509Pointer certificate(X509_new());
  X509Pointer issuer;
  Key issuer_key;
  if (ca != nullptr) {
    issuer.reset(PEM_read_bio_X509(Reader(ca->certificate).get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_bio_PrivateKey(Reader(ca->key).get(), nullptr, nullptr, nullptr));
  }
  X509* const signer = issuer ? issuer.get() : certificate.get();
  X509_set_version(certificate.get(), kVersion3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(std::random_device()()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60 - age_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay - age_days * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (ca == nullptr) Extend(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  if (!names.empty()) Extend(certificate.get(), signer, NID_subject_alt_name, names);
  X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());

  const Bio certificate_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  const Bio key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {TextOf(certificate_text.get()), TextOf(key_text.get())};
}

}  // namespace

Certificate MakeCa(const std::string& name) { return Make(nullptr, name, "", 0); }

Certificate MakeCertificate(const Certificate& ca, const std::string& name, const std::string& alternatives,
                            int age_days) {
  return Make(&ca, name, alternatives, age_days);
}

CertificateFiles Write(const Certificate& certificate) {
  const std::string path = absl::StrCat(::testing::TempDir(), "certificate_", std::random_device()());
  CertificateFiles files = {.certificate_file = path + ".pem", .key_file = path + ".key"};
  std::ofstream(files.certificate_file) << certificate.certificate;
  std::ofstream(files.key_file) << certificate.key;
  return files;
}

}  // namespace podnamed::testing
