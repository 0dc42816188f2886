#include "server/upstream/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <random>

#include "gtest/gtest.h"

namespace podnamed::upstream {
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
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using File = std::unique_ptr<FILE, Freer<fclose>>;

File Open(const std::string& path, const char* mode) { return File(fopen(path.c_str(), mode)); }

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// `ca` is nullptr for one that signs itself.
TestCertificate Make(const TestCertificate* ca, const std::string& name, const std::string& alternatives,
                     int age_days) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  Certificate issuer;
  Key issuer_key;
  if (ca != nullptr) {
    issuer.reset(PEM_read_X509(Open(ca->certificate_file, "r").get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_PrivateKey(Open(ca->key_file, "r").get(), nullptr, nullptr, nullptr));
  }
  X509* const signer = issuer ? issuer.get() : certificate.get();
  X509_set_version(certificate.get(), kVersion3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(std::random_device()()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60 - age_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay - age_days * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (ca == nullptr) Extend(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  if (!alternatives.empty()) Extend(certificate.get(), signer, NID_subject_alt_name, alternatives);
  X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());

  const std::string path =
      ::testing::TempDir() + "upstream_test_" + std::to_string(std::random_device()()) + "_" + name;
  PEM_write_X509(Open(path + ".pem", "w").get(), certificate.get());
  PEM_write_PrivateKey(Open(path + ".key", "w").get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {path + ".pem", path + ".key"};
}

}  // namespace

TestCertificate MakeTestCa(const std::string& name) { return Make(nullptr, name, "", 0); }

TestCertificate MakeTestCertificate(const TestCertificate& ca, const std::string& name, const std::string& alternatives,
                                    int age_days) {
  return Make(&ca, name, alternatives, age_days);
}

}  // namespace podnamed::upstream
