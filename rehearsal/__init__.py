"""The whole deployment rehearsed on one machine, without an AWS account.

Real: the CDK CLI, CDK's kubectl handler with the layer's kubectl and helm, the Kubernetes API server
with etcd and its controllers, csi-provisioner and the Amazon EFS CSI driver.
Emulated: the AWS account (moto) and the kubelet of the driver's controller pod.

`Rehearsal` is the object to start, use and stop; `airflow-efs rehearse` is the same as a command.
"""
