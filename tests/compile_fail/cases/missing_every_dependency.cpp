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
  flow.task<int>("sum", [](const Orders& o) { return o.count; });
}
