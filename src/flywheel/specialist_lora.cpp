#include "flywheel/specialist_lora.h"

#include <boost/json.hpp>

#include "arch/adapter_file.h"
#include "flywheel/gate_file.h"
#include "flywheel/json_fields.h"
#include "flywheel/lora_specialist.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr char kWhat[] = "the description of a specialist with an adapter";

}  // namespace

Result<std::unique_ptr<Specialist>> load_lora_specialist(const SpecialistManifest& manifest,
                                                         const std::string& folder, Models& models) {
  JsonFields fields(manifest.spec, kWhat);
  JsonFields base(fields.object("base"), kWhat), embedding(fields.object("embedder"), kWhat);
  JsonFields calibration(fields.object("calibration"), kWhat);
  const std::string base_name = base.text("model"), base_digest = base.text("digest");
  const std::string embedder_name = embedding.text("model"), embedder_digest = embedding.text("digest");
  LoraParts parts;
  parts.hash = manifest.hash();
  parts.rung = manifest.rung();
  parts.contract = manifest.contract;
  parts.prompt.empty_system = fields.text("system") == "empty";
  parts.max_tokens = static_cast<int>(fields.integer("max_tokens"));
  parts.calibration = {calibration.number("slope"), calibration.number("offset")};
  for (const json::value& each : fields.array("answers")) {
    JsonFields answer(each, kWhat);
    parts.answers.push_back({answer.text("value"), answer.text("text")});
    RETURN_IF_ERROR(answer.status());
  }
  for (const JsonFields* read : {&fields, &base, &embedding, &calibration}) RETURN_IF_ERROR(read->status());
  ASSIGN_OR_RETURN(parts.engine, models.engine(base_name));
  ASSIGN_OR_RETURN(parts.embedder, models.embedder(embedder_name));
  if (parts.engine->model().digest() != base_digest || parts.embedder->digest() != embedder_digest) {
    return Error{ErrorCode::unsupported,
                 "the specialist was made for another " + base_name + " or " + embedder_name, folder,
                 "Pull the models that it was made with, or run understudy "
                 "specialise again"};
  }
  const Model& model = parts.engine->model();
  ASSIGN_OR_RETURN(const std::string bytes, read_part(manifest.spec, "adapter", folder));
  ASSIGN_OR_RETURN(AdapterFile file,
                   read_adapter(std::as_bytes(std::span(bytes)), folder, model.network(), base_digest));
  parts.adapter = std::make_shared<const LoadedAdapter>(LoadedAdapter{std::move(file.adapter), file.digest});
  ASSIGN_OR_RETURN(DomainGate gate, read_gate(manifest.spec, folder));
  if (gate.width() != parts.embedder->width())
    return Error{ErrorCode::corrupt, "the domain gate has another width than the embedder", folder, ""};
  parts.gate = std::make_shared<const DomainGate>(std::move(gate));
  if (!parts.answers.empty()) {
    ASSIGN_OR_RETURN(parts.choices,
                     choices_of(model, parts.prompt, manifest.contract.answer_kind, parts.answers));
  }
  return std::unique_ptr<Specialist>(std::make_unique<LoraSpecialist>(std::move(parts)));
}

}  // namespace understudy
