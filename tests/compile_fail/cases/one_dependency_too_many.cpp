// fails: cloacina: the function of this task does not take the results of its dependencies, in this order
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
  auto orders = flow.task<Orders>("orders", [] { return Orders{3}; });
  auto rates = flow.task<Rates>("rates", [] { return Rates{2}; });
  flow.task(
      "sum", [](const Orders& o) { return o.count; }, orders, rates);
}
