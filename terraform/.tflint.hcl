# The bundled rules, all of them.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

rule "terraform_standard_module_structure" {
  enabled = false # files are by concept
}

rule "terraform_unused_required_providers" {
  enabled = false # examples pin the provider that their module uses
}
