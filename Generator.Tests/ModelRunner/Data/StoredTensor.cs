using Cameo.Sessions;

namespace Cameo.Tests.Infrastructure;

/// <summary>A tensor of the test data.</summary>
/// <param name="Name">The value's name; may be empty.</param>
/// <param name="ElementType">The element type.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Bytes">The elements, little-endian.</param>
internal sealed record StoredTensor(string Name, ElementType ElementType, long[] Shape, byte[] Bytes);
