using System.Runtime.CompilerServices;

namespace Cameo.Generator.Onnx;

/// <summary>Compares by identity: two protobuf messages with equal contents are equal to each other.</summary>
internal sealed class ReferenceComparer<T> : IEqualityComparer<T>
    where T : class
{
    public static ReferenceComparer<T> Instance { get; } = new();

    public bool Equals(T? left, T? right) => ReferenceEquals(left, right);

    public int GetHashCode(T value) => RuntimeHelpers.GetHashCode(value);
}
