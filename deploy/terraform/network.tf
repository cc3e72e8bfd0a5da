# Where the task runs: the network that is given, or the account's default one.

locals {
  # Fargate runs in all others (ECS developer guide, "Supported Regions"; older editions name the ones in use1 and cac1).
  zones_without_fargate = ["apne1-az3", "cac1-az3", "use1-az3", "usw1-az2"]

  network = {
    vpc_id           = try(var.network.vpc_id, data.aws_vpcs.default[0].ids[0], null)
    subnet_ids       = try(var.network.subnet_ids, data.aws_subnets.default[0].ids)
    assign_public_ip = try(var.network.assign_public_ip, true)
  }

  proxy = try(coalesce(var.network.https_proxy), null)

  proxy_environment = local.proxy == null ? {} : {
    HTTPS_PROXY = local.proxy
    # The addresses of ECS's credentials and metadata are in the task itself.
    NO_PROXY = join(",", concat(["169.254.170.2", "169.254.169.254", "localhost"], var.network.no_proxy))
  }

  # HTTPS, or the proxy's port alone. Port 80 is for the lists of revoked certificates that Snowflake's driver reads;
  # nothing else uses plain HTTP.
  egress_ports = toset(concat(
    ["443"],
    local.proxy == null ? [] : [try(regex(":([0-9]+)/?$", local.proxy)[0], startswith(local.proxy, "https://") ? "443" : "80")],
    var.snowflake == null || local.proxy != null ? [] : ["80"],
  ))
}

data "aws_vpcs" "default" {
  count = var.network == null ? 1 : 0

  filter {
    name   = "is-default"
    values = ["true"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.ids) == 1
      error_message = "This account has no default VPC in ${local.region}. Set network = { vpc_id, subnet_ids } (docs/aws-existing.md, \"Networks\")."
    }
  }
}

data "aws_availability_zones" "fargate" {
  count = var.network == null ? 1 : 0

  state            = "available"
  exclude_zone_ids = local.zones_without_fargate

  # Without local zones.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_subnets" "default" {
  count = var.network == null ? 1 : 0

  filter {
    name   = "vpc-id"
    values = data.aws_vpcs.default[0].ids
  }

  filter {
    name   = "default-for-az"
    values = ["true"]
  }

  filter {
    name   = "availability-zone-id"
    values = data.aws_availability_zones.fargate[0].zone_ids
  }

  lifecycle {
    postcondition {
      condition     = length(self.ids) > 0
      error_message = "The default VPC has no default subnet in a zone with Fargate. Set network = { vpc_id, subnet_ids } (docs/aws-existing.md, \"Networks\")."
    }
  }
}

data "aws_subnets" "without_fargate" {
  filter {
    name   = "subnet-id"
    values = local.network.subnet_ids
  }

  filter {
    name   = "availability-zone-id"
    values = local.zones_without_fargate
  }
}

check "zones" {
  assert {
    condition     = length(data.aws_subnets.without_fargate.ids) == 0
    error_message = "Fargate does not run in the zone of these subnets, so starts in them fail: ${join(", ", data.aws_subnets.without_fargate.ids)}."
  }
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "pardot-etl: out to Salesforce, AWS and the warehouse, nothing in"
  vpc_id      = local.network.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.egress_ports

  security_group_id = aws_security_group.this.id
  description       = "out on port ${each.value}"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
  cidr_ipv4         = "0.0.0.0/0"
}
