#include "app/setting_checks.hpp"

#include "brokers/kafka_client.hpp"
#include "persistence/journal.hpp"
#include "targets/webhook_signature.hpp"

namespace wheelwork {

std::vector<setting_fault> faults_of_parts(const settings& all) {
  std::vector<setting_fault> faults;
  if (auto wrong = database_url_fault(all.database.url)) faults.push_back({"database.url", std::move(*wrong)});
  if (const auto& secret = all.http_target.signing_secret; !secret.empty())
    if (auto signer = webhook_signer::from_secret(secret); !signer)
      faults.push_back({"http_target.signing_secret", std::move(signer.error())});
  for (const auto& [name, connection] : all.brokers.kafka)
    if (auto wrong = kafka_client::fault(connection, {}); !wrong.empty())
      faults.push_back({"kafka." + name, std::move(wrong)});
  return faults;
}

} // namespace wheelwork
