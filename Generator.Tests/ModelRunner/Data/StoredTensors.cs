using Cameo.Sessions;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Models;

/// <summary>Brings stored tensors into the form of the untyped interface.</summary>
internal static class StoredTensors
{
    public static Tensor ToTensor(StoredTensor stored) => Tensor.FromBytes(stored.ElementType, stored.Bytes, stored.Shape);
}
