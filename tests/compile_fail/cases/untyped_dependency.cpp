// fails: cloacina: a dependency of a typed task must be a typed task; order it behind others with .after(...)
#include <cloacina/cloacina.hpp>

struct Orders {
  int count = 0;
};
struct Rates {
  double euro = 1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Orders, count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rates, euro)

void declare(cloacina::WorkflowBuilder& flow) {
  auto orders = flow.task("orders", [](cloacina::TaskContext&) {});
  flow.task(
      "sum", [](const Orders& o) { return o.count; }, orders);
}
